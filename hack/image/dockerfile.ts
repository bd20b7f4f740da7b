// Reads a Dockerfile as far as ours goes: one instruction a line, JSON where there are lists. For tests, which hold it
// against what hack/image builds.

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** Stages in their order, each with its FROM first. Comments and empty lines are left out. */
export function readDockerfile(text: string): readonly (readonly Instruction[])[] {
  const stages: Instruction[][] = [];
  for (const line of text.split("\n").filter((one) => /^[A-Z]/.test(one))) {
    const [, name = "", value = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, value });
  }
  return stages;
}

/** The values of one instruction, in order. */
export function valuesOf(stage: readonly Instruction[], name: string): readonly string[] {
  return stage.filter((one) => one.name === name).map(({ value }) => value);
}

/** `KEY="value"` → its two parts. */
export function pairOf(value: string): readonly [string, string] {
  const at = value.indexOf("=");
  return [value.slice(0, at), JSON.parse(value.slice(at + 1)) as string];
}
