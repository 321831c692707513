// One colour for each label, the same in every view. The palette is Okabe and Ito's, which people
// with any kind of colour vision tell apart; a name always stands beside the colour.

/** How many labels have a colour of their own; the others share the last, a grey. */
export const coloursMax = 7

/** The CSS custom property of a place in the palette. */
export function colourVariable(place: number): string {
  return `--label-${place < coloursMax ? place + 1 : 'other'}`
}

/** The places of labels in the palette: in the order of the model, then in that of the alphabet. */
export function colourPlaces(
  modelLabels: readonly string[],
  seen: Iterable<string>,
): ReadonlyMap<string, number> {
  const others = [...seen].filter((label) => !modelLabels.includes(label)).sort()
  return new Map([...new Set([...modelLabels, ...others])].map((label, place) => [label, place]))
}
