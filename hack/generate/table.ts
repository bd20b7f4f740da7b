// Pieces of Markdown tables, for the pages that are generated.

/** A row; what is a column's border in Markdown is escaped. */
export function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

export function code(text: string): string {
  return `\`${text}\``;
}
