package child

const memfdCreate = 279
