// The checks of a run: each has a name, a result and a time. A failed check does not end the run.

export class Checklist {
  readonly #write: (line: string) => void
  readonly #signal: AbortSignal
  #passed = 0
  #failed = 0

  constructor(options: { write: (line: string) => void; signal: AbortSignal }) {
    this.#write = options.write
    this.#signal = options.signal
  }

  get failed(): number {
    return this.#failed
  }

  /**
   * Runs one check and shows what it returns after its name. Returns whether it passed. Throws once
   * aborted.
   */
  async check(name: string, body: () => unknown): Promise<boolean> {
    this.#signal.throwIfAborted()
    const beganMs = performance.now()
    const seconds = () => `${((performance.now() - beganMs) / 1_000).toFixed(1)} s`
    try {
      const remark = await body()
      this.#passed++
      const said = typeof remark === 'string' ? `: ${remark}` : ''
      this.#write(`ok      ${name}${said} (${seconds()})`)
      return true
    } catch (error) {
      this.#failed++
      const text = error instanceof Error ? error.message : String(error)
      this.#write(`FAILED  ${name} (${seconds()})\n${text.replaceAll(/^/gm, '        ')}`)
      return false
    }
  }

  /** The last line of a run. */
  summary(): string {
    return `${this.#passed} passed, ${this.#failed} failed`
  }
}
