/** The library has no types of its own. */
declare module "aedes-persistence-level" {
  /** A persistence for aedes over an open abstract-level database. */
  function createPersistence(database: object): object;
  export = createPersistence;
}
