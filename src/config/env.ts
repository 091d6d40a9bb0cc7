/** The process environment. An empty value counts as absent. */
export type Env = Readonly<Record<string, string | undefined>>;
