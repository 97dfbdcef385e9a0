import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server";

/**
 * A schema that is told to clients and checks nothing: what comes is checked by the tool, whose words for wrong arguments
 * are written for a model.
 */
export function openSchema(schema: Readonly<Record<string, unknown>>): StandardSchemaWithJSON {
  const told = (): Record<string, unknown> => ({ ...schema });
  return {
    "~standard": {
      version: 1,
      vendor: "llm-sandbox",
      validate: (value) => ({ value }),
      jsonSchema: { input: told, output: told },
    },
  };
}
