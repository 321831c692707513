// The notebooks as they are committed: whole, run from the first cell to the last, without an error
// and without paths of a machine. tests/notebooks/run.ts runs them, and tests/e2e/package.test.ts
// checks the types of their code.
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Notebook } from './notebooks/notebook-file.ts'

const files = readdirSync('notebooks').filter((name) => name.endsWith('.ipynb'))

it('there are three', () => {
  expect(files).toHaveLength(3)
})

describe.each(files)('%s', (file) => {
  const text = readFileSync(`notebooks/${file}`, 'utf8')
  const { cells, nbformat, metadata } = JSON.parse(text) as Notebook
  const code = cells.flatMap((cell) => (cell.cell_type === 'code' ? [cell] : []))

  it('is for the Deno kernel and small', () => {
    expect({ nbformat, kernel: metadata.kernelspec.name }).toEqual({ nbformat: 4, kernel: 'deno' })
    expect(text.length).toBeLessThan(250_000)
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length)
  })

  it('has the outputs of one run, without an error', () => {
    expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, at) => at + 1))
    const outputs = code.flatMap((cell) => cell.outputs)
    expect(outputs.length).toBeGreaterThan(3)
    expect(outputs.filter(({ output_type }) => output_type === 'error')).toEqual([])
    const images = outputs.filter((one) => 'data' in one && 'image/svg+xml' in one.data)
    expect(images.length).toBeGreaterThan(0)
  })

  it('names no path of a machine', () => {
    expect(text).not.toMatch(/\/(?:home|root|tmp|Users)\//)
  })
})
