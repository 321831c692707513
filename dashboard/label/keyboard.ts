// The keys of the labelling queue.

/** What a key asks for. */
export type KeyAction =
  | { readonly kind: 'label'; readonly at: number }
  | { readonly kind: 'skip' | 'undo' | 'next' | 'search' | 'help' }

const letters: Readonly<Record<string, 'skip' | 'undo' | 'next' | 'search' | 'help'>> = {
  s: 'skip',
  u: 'undo',
  n: 'next',
  '/': 'search',
  '?': 'help',
}

/** The keys with what they do, for the help. */
export const keyHelp: readonly (readonly [string, string])[] = [
  ['1 – 9', 'give this label'],
  ['s', 'skip: do not show it again'],
  ['n', 'next: come back to it later'],
  ['u', 'undo the latest label'],
  ['/', 'search a label'],
  ['?', 'this help'],
]

/** The action of a key press; undefined if it has none, or if it is meant for a field. */
export function keyAction(press: {
  readonly key: string
  readonly isInField: boolean
  readonly hasModifier: boolean
}): KeyAction | undefined {
  if (press.isInField || press.hasModifier) return undefined
  if (/^[1-9]$/.test(press.key)) return { kind: 'label', at: Number(press.key) - 1 }
  const kind = letters[press.key.toLowerCase()]
  return kind === undefined ? undefined : { kind }
}
