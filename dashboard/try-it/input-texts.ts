// Which texts a person typed: all of it, or each line.

/** The texts, without those that show nothing. */
export function textsOf(typed: string, isByLine: boolean): string[] {
  const texts = isByLine ? typed.split(/\r?\n/) : [typed]
  return texts.map((text) => text.trim()).filter((text) => text !== '')
}
