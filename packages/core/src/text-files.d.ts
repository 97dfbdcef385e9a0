/** Sources that scripts/embed-child.mjs puts into a bundle as text. */
declare module "*.py" {
  const text: string;
  export default text;
}
declare module "*.rb" {
  const text: string;
  export default text;
}
