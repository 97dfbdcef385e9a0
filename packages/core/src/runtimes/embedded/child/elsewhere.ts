/** Ends what is said of something that is not here, to whoever reads it: a programmer, or a model behind a tool. */
export const elsewhere = "A container runtime has it.";
