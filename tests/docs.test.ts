// What the documents name is there: files, links, and the functions on the way of one event.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
}).split('\n')
const pages = tracked
  .filter((path) => path.endsWith('.md') && path !== 'CHANGELOG.md' && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const sources = tracked
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))

describe('documents', () => {
  it('name files that are there', () => {
    const missing = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w./-])((?:[a-z-]+\/)+[\w.-]+\.(?:ts|py|sql|yaml))\b/g)]
        .map(([, name]) => name!)
        .filter((name) => isOurs(name) && !existsSync(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('name files without a folder that are there', () => {
    const names = tracked.map((path) => path.split('/').at(-1)!)
    const wrong = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/`([a-z0-9-]+\.ts)`/g)]
        .map(([, name]) => name!)
        .filter((name) => !names.includes(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('link to pages and headings that are there', () => {
    const broken = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^(?:https?:|mailto:)/.test(target))
        .filter((target) => !isThere(path, target))
        .map((target) => `${path}: ${target}`),
    )
    expect(broken).toEqual([])
  })
})

describe('the way of one event in ARCHITECTURE.md', () => {
  const page = readFileSync('ARCHITECTURE.md', 'utf8')
  const section = /^## One event, .*?(?=^## )/ms.exec(page)?.[0] ?? ''
  const steps = section.split(/^\d+\. /m).slice(1)

  it('takes at most ten files', () => {
    expect(steps.length).toBeGreaterThan(4)
    expect(steps.length).toBeLessThanOrEqual(10)
  })

  it.each(steps.map((step) => [step.split('\n')[0]!, step]))('%s', (_, step) => {
    const names = [...step.split('\n\n')[0]!.matchAll(/`#?(?:[A-Z]\w+\.)?([a-z]\w*[A-Z]?\w*)`/g)]
      .map(([, name]) => name!)
      .filter((name) => !name.includes('winnow'))
    for (const name of names) {
      const pattern = new RegExp(
        `\\b(?:function\\*? |const |#|async |readonly )?#?${name}\\b[(<:= ]`,
      )
      expect(
        sources.some(({ text }) => pattern.test(text)),
        name,
      ).toBe(true)
    }
  })
})

function isOurs(name: string): boolean {
  const top = name.split('/')[0]!
  return tracked.some((path) => path.startsWith(`${top}/`)) && !name.includes('X')
}

function isThere(page: string, target: string): boolean {
  const [file = '', heading] = target.split('#')
  const path = file === '' ? page : normalize(join(dirname(page), file))
  if (!existsSync(path)) return false
  if (heading === undefined || !path.endsWith('.md')) return true
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return headings.includes(heading)
}
