// An event that a person writes from the payload of a dead letter.

/** What the editor begins with: the payload laid out, or a frame round what is no JSON. */
export function draftOf(payload: string | null): string {
  if (payload === null) return JSON.stringify({ text: '' }, null, 2)
  try {
    const value = JSON.parse(payload) as unknown
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return JSON.stringify(value, null, 2)
    }
  } catch {
    // Text that is no JSON is most likely meant as the text.
  }
  return JSON.stringify({ text: payload }, null, 2)
}

/** The event of an edited text. Throws with a sentence if it is none. */
export function eventOf(draft: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(draft)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new Error(`This is no valid JSON: ${detail}`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('An event is a JSON object with a field "text"')
  }
  return value as Readonly<Record<string, unknown>>
}
