// The file of a notebook (nbformat 4.5), as far as Winnow's own need it.

/** What a cell has shown. */
export type Output =
  | { readonly output_type: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | {
      readonly output_type: 'display_data'
      /** By MIME type. */
      readonly data: Readonly<Record<string, unknown>>
      readonly metadata: object
    }
  | {
      readonly output_type: 'error'
      readonly ename: string
      readonly evalue: string
      readonly traceback: readonly string[]
    }

type Source = string | readonly string[]

export type Cell =
  | { cell_type: 'markdown'; id: string; metadata: object; source: Source }
  | {
      cell_type: 'code'
      id: string
      metadata: object
      source: Source
      execution_count: number | null
      outputs: Output[]
    }

export type Notebook = {
  cells: Cell[]
  metadata: {
    kernelspec: { name: string; display_name: string; language: string }
    language_info: { name: string }
  }
  nbformat: number
  nbformat_minor: number
}

/** The text of a cell. */
export function sourceOf({ source }: Cell): string {
  return typeof source === 'string' ? source : source.join('')
}

/** What a cell has shown, by kind: `stdout, text/html and text/plain`. */
export function kindsOf(outputs: readonly Output[]): string {
  const kinds = outputs.map((output) => {
    if (output.output_type === 'display_data') return Object.keys(output.data).sort().join(' and ')
    return output.output_type === 'stream' ? output.name : output.output_type
  })
  return kinds.length === 0 ? 'nothing' : kinds.join(', ')
}
