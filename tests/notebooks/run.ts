// Runs the notebooks from their first cell to the last, in Deno's kernel against the embedded stack:
// `npm run test:notebooks`. Every cell must end without an error and show what the committed outputs
// have, by kind. With --write the outputs are written into the notebooks.
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { startKernel, type Kernel } from './kernel.ts'
import { openMailStream } from './mail-stream.ts'
import { kindsOf, sourceOf, type Cell, type Notebook, type Output } from './notebook-file.ts'

const folder = fileURLToPath(new URL('../../notebooks', import.meta.url))
const isWriting = process.argv.includes('--write')
const named = process.argv.slice(2).filter((argument) => argument.endsWith('.ipynb'))
const files = (await readdir(folder))
  .filter((name) => name.endsWith('.ipynb'))
  .filter((name) => named.length === 0 || named.some((path) => basename(path) === name))
  .sort()

// Ctrl-C and SIGTERM end the cell that runs; stack and kernel are closed below.
const stopped = new Promise<never>((_, reject) => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      reject(new Error(`stopped by ${name}`))
    })
  }
})
stopped.catch(() => undefined)

const began = performance.now()
const problems: string[] = []
const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
const stream = await openMailStream({
  withRows: texts.some((text) => /\bquery\b.*from/.test(text)),
})
try {
  console.log(`ready after ${secondsSince(began)} s`)
  for (const file of files) {
    const start = performance.now()
    const kernel = await startKernel({ cwd: folder, env: stream.env })
    try {
      problems.push(...(await runNotebook(join(folder, file), kernel)))
    } finally {
      await kernel.close()
    }
    console.log(`${file}: ${secondsSince(start)} s`)
  }
} finally {
  await stream.close()
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1

async function runNotebook(path: string, kernel: Kernel): Promise<string[]> {
  const notebook = JSON.parse(await readFile(path, 'utf8')) as Notebook
  const wrong: string[] = []
  let count = 0
  for (const cell of notebook.cells) {
    if (cell.cell_type !== 'code') continue
    count++
    const place = `${basename(path)}, cell ${count}`
    const { status, outputs } = await Promise.race([kernel.execute(sourceOf(cell)), stopped])
    if (status === 'error') return [...wrong, `${place}: ${errorOf(outputs)}`]
    const leaks = [stream.dir, folder, homedir()].filter((text) =>
      JSON.stringify(outputs).includes(text),
    )
    wrong.push(...leaks.map((text) => `${place}: its output contains ${text}`))
    if (isWriting) Object.assign(cell, { outputs, execution_count: count })
    else wrong.push(...difference(cell, outputs).map((what) => `${place}: ${what}`))
  }
  if (isWriting) {
    const options = await resolveConfig(path)
    await writeFile(path, await format(JSON.stringify(notebook), { ...options, parser: 'json' }))
  }
  return wrong
}

function difference(cell: Extract<Cell, { cell_type: 'code' }>, outputs: readonly Output[]) {
  const [shown, committed] = [kindsOf(outputs), kindsOf(cell.outputs)]
  return shown === committed ? [] : [`it shows ${shown}, but the notebook has ${committed}`]
}

function errorOf(outputs: readonly Output[]): string {
  const error = outputs.find((output) => output.output_type === 'error')
  return error?.output_type === 'error' ? `${error.ename}: ${error.evalue}` : 'failed'
}

function secondsSince(startMs: number): string {
  return ((performance.now() - startMs) / 1_000).toFixed(1)
}
