package child

const memfdCreate = 319
