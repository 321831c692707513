// What can be wrong with labelled texts, what each problem means, and what training does about it.
// data-check.ts finds them.

/** The problems, in the order in which people see them. `training` completes "training …". */
export const dataProblems = {
  row_unreadable: {
    meaning: 'the row cannot be read',
    training: 'stops at the first of them',
  },
  text_missing: {
    meaning: 'the row has no text',
    training: 'stops at the first of them',
  },
  label_missing: {
    meaning: 'the row has a text, but no label or id that can be used',
    training: 'stops at the first of them',
  },
  label_mixed: {
    meaning: 'the row has "labels" where others have "label", or the reverse',
    training: 'stops at the first of them',
  },
  text_empty: {
    meaning: 'nothing of the text is left after cleaning',
    training: 'leaves it out',
  },
  text_invisible: {
    meaning: 'the text consists of invisible characters',
    training: 'leaves it out',
  },
  text_over_limit: {
    meaning: 'the text is longer than limits.textBytesMax',
    training: 'reads its beginning; the stream makes such an event a dead letter',
  },
  text_truncated: {
    meaning: 'the text has more tokens than the base reads',
    training: 'reads its beginning',
  },
  encoding_suspect: {
    meaning: 'the text has signs of a wrong encoding, such as Ã¤ or U+FFFD',
    training: 'learns it as it is; save the file as UTF-8 from its origin',
  },
  duplicate: {
    meaning: 'the text repeats another one with the same label',
    training: 'keeps one of them',
  },
  conflict: {
    meaning: 'the text also has another label',
    training: 'keeps one with the label of the majority, or none',
  },
  near_duplicate: {
    meaning: 'the text is nearly the same as another one',
    training: 'keeps both on one side of every split',
  },
  label_similar: {
    meaning: 'the label differs from another one only in case or white space',
    training: 'takes them for different labels',
  },
  label_rare: {
    meaning: 'the label has a single text',
    training: 'learns it, but cannot validate it',
  },
  id_repeated: {
    meaning: 'the row has the id of an earlier one',
    training: 'does not look at ids; the stream makes such an event a dead letter',
  },
  leak: {
    meaning: 'the test data has the same text',
    training: 'leaves it out',
  },
  leak_near: {
    meaning: 'the test data has nearly the same text',
    training: 'leaves it out',
  },
  test_label_unknown: {
    meaning: 'the test data has a label that the training data does not have',
    training: 'stops; leave these rows out of the test data',
  },
} as const satisfies Record<string, { meaning: string; training: string }>

/** The name of a problem. */
export type ProblemName = keyof typeof dataProblems

/** A problem that some rows have. */
export type DataProblem = {
  readonly problem: ProblemName
  /** The number of rows that have it. */
  readonly rows: number
  /** The first of them, such as `tickets.csv:17`; at most five. */
  readonly places: readonly string[]
  /** What is wrong with the first row, if it needs words. */
  readonly first?: string | undefined
  readonly meaning: string
  /** What training does about it. */
  readonly training: string
}

const placesMax = 5

/** Counts problems, and remembers their first rows. */
export class ProblemBook {
  readonly #found = new Map<ProblemName, { rows: number; places: string[]; first?: string }>()

  /** Adds a row to a problem. */
  add(problem: ProblemName, place: string, first?: string): void {
    const known = this.#found.get(problem)
    if (known === undefined) {
      this.#found.set(problem, { rows: 1, places: [place], ...(first !== undefined && { first }) })
      return
    }
    known.rows++
    if (known.places.length < placesMax) known.places.push(place)
  }

  /** Sets the number of rows of a problem that something else counts; 0 removes it. */
  count(problem: ProblemName, rows: number): void {
    const known = this.#found.get(problem)
    if (rows === 0) this.#found.delete(problem)
    else this.#found.set(problem, { places: [], ...known, rows })
  }

  /** The problems that were found, in the order of the table above. */
  list(): DataProblem[] {
    return (Object.keys(dataProblems) as ProblemName[]).flatMap((problem) => {
      const found = this.#found.get(problem)
      return found === undefined ? [] : [{ problem, ...found, ...dataProblems[problem] }]
    })
  }
}
