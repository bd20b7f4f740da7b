// `$(NAME)` in command, args and values, as the kubelet expands it: known names are replaced, unknown ones
// stay as they are, `$$` is one dollar (so `$$(NAME)` is the text `$(NAME)`).

const REFERENCE = /\$(?:(\$)|\(([^)]*)\))/g;

export function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(REFERENCE, (whole, dollar: string | undefined, name: string) =>
    dollar === undefined ? (values.get(name) ?? whole) : "$",
  );
}
