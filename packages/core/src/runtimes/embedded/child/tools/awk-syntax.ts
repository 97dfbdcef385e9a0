/** An expression of `awk` as it is written; `in`, `element` and `delete` keep the several keys of `a[x, y]`. */
export type AwkExpression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "regex"; readonly source: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "field"; readonly index: AwkExpression }
  | { readonly kind: "element"; readonly name: string; readonly keys: readonly AwkExpression[] }
  | { readonly kind: "group"; readonly list: readonly AwkExpression[] }
  | { readonly kind: "in"; readonly keys: readonly AwkExpression[]; readonly name: string }
  | {
      readonly kind: "assign";
      readonly operator: string;
      readonly target: AwkExpression;
      readonly value: AwkExpression;
    }
  | { readonly kind: "step"; readonly by: 1 | -1; readonly isPrefix: boolean; readonly target: AwkExpression }
  | { readonly kind: "unary"; readonly operator: string; readonly value: AwkExpression }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: AwkExpression;
      readonly right: AwkExpression;
    }
  | {
      readonly kind: "choice";
      readonly test: AwkExpression;
      readonly yes: AwkExpression;
      readonly otherwise: AwkExpression;
    }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly isBuiltin: boolean;
      readonly given: readonly AwkExpression[];
    }
  | {
      readonly kind: "getline";
      readonly target?: AwkExpression | undefined;
      readonly file?: AwkExpression;
      readonly command?: AwkExpression;
    };

/** A statement; `while` with `isAfter` is `do`, and a case without a test is `default`. */
export type AwkStatement =
  | { readonly kind: "block"; readonly body: readonly AwkStatement[] }
  | { readonly kind: "expression"; readonly value: AwkExpression }
  | {
      readonly kind: "print";
      readonly isFormat: boolean;
      readonly list: readonly AwkExpression[];
      readonly operator?: string;
      readonly target?: AwkExpression;
    }
  | {
      readonly kind: "if";
      readonly test: AwkExpression;
      readonly yes: AwkStatement;
      readonly otherwise?: AwkStatement;
    }
  | {
      readonly kind: "while";
      readonly test: AwkExpression;
      readonly body: AwkStatement;
      readonly isAfter: boolean;
    }
  | {
      readonly kind: "for";
      readonly start?: AwkStatement;
      readonly test?: AwkExpression;
      readonly step?: AwkStatement;
      readonly body: AwkStatement;
    }
  | {
      readonly kind: "forIn";
      readonly variable: AwkExpression;
      readonly name: string;
      readonly body: AwkStatement;
    }
  | {
      readonly kind: "switch";
      readonly value: AwkExpression;
      readonly cases: readonly { readonly test?: AwkExpression; readonly body: readonly AwkStatement[] }[];
    }
  | { readonly kind: "delete"; readonly name: string; readonly keys?: readonly AwkExpression[] }
  | { readonly kind: "exit" | "return"; readonly value?: AwkExpression }
  | { readonly kind: "break" | "continue" | "next" | "nextfile" };

/** A pattern and what is done where it fits; without a body the record is printed. */
export interface AwkRule {
  readonly when: "BEGIN" | "END" | "BEGINFILE" | "ENDFILE" | "record";
  readonly pattern?: AwkExpression;
  readonly until?: AwkExpression;
  readonly body?: AwkStatement;
}

/** A function of the program, with the names of what it is given and of its local variables. */
export interface AwkFunction {
  readonly name: string;
  readonly names: readonly string[];
  readonly body: AwkStatement;
}

/** A whole program, in the order in which it is written. */
export interface AwkProgram {
  readonly rules: readonly AwkRule[];
  readonly functions: readonly AwkFunction[];
}
