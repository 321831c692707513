// The tokens of a .proto file: words (names with their dots, numbers), texts in quotes, and single
// characters. Comments are left out. What they mean is proto-file.ts.

/** Says why a .proto file cannot be used; the message is a sentence without its subject. */
export class ProtoInvalid extends Error {}

/** Longest name with its dots: each of its parts is a scope in which others are looked up. */
const nameCharsMax = 512

const blank = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const word = /[\w.]+/y
const quoted = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y

/** The tokens of one file, and the read position among them. */
export class ProtoTokens {
  readonly #text: string
  #at = 0
  #next: string | undefined

  constructor(text: string) {
    this.#text = text
    this.#next = this.#read()
  }

  /** The next token, which stays; undefined at the end. */
  get next(): string | undefined {
    return this.#next
  }

  take(): string {
    const token = this.#next
    if (token === undefined) throw new ProtoInvalid('ends too early')
    this.#next = this.#read()
    return token
  }

  /** Takes the token if it is the next one. */
  takeIf(token: string): boolean {
    if (this.#next !== token) return false
    this.take()
    return true
  }

  expect(token: string): void {
    if (!this.takeIf(token)) throw this.#unexpected(`"${token}"`)
  }

  /** A name, perhaps with dots. */
  name(): string {
    if (!/^\.?[A-Za-z_]/.test(this.#next ?? '')) throw this.#unexpected('a name')
    let name = this.take()
    // A long name may go on behind a line break, before or after a dot.
    while (/^\.[A-Za-z_]/.test(this.#next ?? '') || (name.endsWith('.') && this.#isWord())) {
      name += this.take()
    }
    if (name.length <= nameCharsMax) return name
    throw new ProtoInvalid(`has a name of more than ${nameCharsMax} characters`)
  }

  /** A whole number in decimal, octal or hexadecimal digits, perhaps with a sign. */
  whole(): number {
    const sign = this.takeIf('-') ? -1 : 1
    const digits = this.#next ?? ''
    if (!/^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(digits)) throw this.#unexpected('a whole number')
    this.take()
    return sign * (/^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits))
  }

  /** Texts in quotes, which count as one when several follow one another. */
  text(): string {
    if (!/^["']/.test(this.#next ?? '')) throw this.#unexpected('a text in quotes')
    let text = ''
    while (/^["']/.test(this.#next ?? '')) text += this.take().slice(1, -1)
    return text
  }

  /** Takes everything up to a semicolon that is not in braces. */
  statement(): string[] {
    const tokens: string[] = []
    for (let depth = 0; ;) {
      const token = this.take()
      if (token === ';' && depth === 0) return tokens
      if (token === '{') depth++
      if (token === '}') depth--
      tokens.push(token)
    }
  }

  /** Skips what stands between the next opening brace and its closing one. */
  skipBlock(): void {
    while (this.take() !== '{');
    for (let depth = 1; depth > 0;) {
      const token = this.take()
      if (token === '{') depth++
      if (token === '}') depth--
    }
  }

  #isWord(): boolean {
    return /^[A-Za-z_]/.test(this.#next ?? '')
  }

  #unexpected(expected: string): ProtoInvalid {
    const line = this.#text.slice(0, this.#at).split('\n').length
    const found = this.#next === undefined ? 'its end' : `"${this.#next.slice(0, 40)}"`
    return new ProtoInvalid(`has ${found} on line ${line} where ${expected} is expected`)
  }

  #read(): string | undefined {
    blank.lastIndex = this.#at
    if (blank.test(this.#text)) this.#at = blank.lastIndex
    if (this.#at >= this.#text.length) return undefined
    for (const pattern of [word, quoted]) {
      pattern.lastIndex = this.#at
      const match = pattern.exec(this.#text)
      if (match === null) continue
      this.#at = pattern.lastIndex
      return match[0]
    }
    const one = this.#text[this.#at]!
    if (/["']/.test(one) || this.#text.startsWith('/*', this.#at)) {
      throw new ProtoInvalid('has a text or comment without an end')
    }
    this.#at++
    return one
  }
}
