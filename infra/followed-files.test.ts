import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { followSecret } from './followed-files.ts'

const dir = mkdtempSync(join(tmpdir(), 'winnow-followed-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('followSecret', () => {
  const followed = (file: string) => {
    const problems: string[] = []
    const secret = { value: 'from the start', file, setting: 'kafka.passwordFile' }
    return { current: followSecret(secret, (line) => problems.push(line)), problems }
  }

  it('gives the value itself without a file', () => {
    const secret = { value: 'x', file: undefined, setting: 's' }
    expect(followSecret(secret, () => undefined)()).toBe('x')
  })

  it('follows a file that is written again', () => {
    const file = join(dir, 'written')
    writeFileSync(file, 'one\n')
    const { current, problems } = followed(file)
    expect(current()).toBe('one')
    writeFileSync(file, 'two, and longer\n')
    expect(current()).toBe('two, and longer')
    expect(problems).toEqual([])
  })

  it('follows a link that is replaced, as Kubernetes renews secrets', () => {
    const link = join(dir, 'link')
    for (const name of ['a', 'b']) writeFileSync(join(dir, name), `${name}${name}`)
    symlinkSync(join(dir, 'a'), link)
    const { current } = followed(link)
    expect(current()).toBe('aa')
    symlinkSync(join(dir, 'b'), `${link}.new`)
    renameSync(`${link}.new`, link)
    expect(current()).toBe('bb')
  })

  it('keeps the value when the file is gone or empty, and says so once', () => {
    const file = join(dir, 'gone')
    writeFileSync(file, 'kept')
    const { current, problems } = followed(file)
    rmSync(file)
    expect([current(), current()]).toEqual(['kept', 'kept'])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(
      /^kafka\.passwordFile: the file .* the former content stays in use$/,
    )
    expect(problems[0]).not.toContain('kept')
    writeFileSync(file, 'again')
    expect(current()).toBe('again')
  })

  it('throws at the start if there is no file', () => {
    expect(() => followed(join(dir, 'never'))).toThrow(
      /kafka\.passwordFile: the file .* cannot be read/,
    )
  })
})
