// The programs that import Winnow in docs/library.md and in the notebooks, each as one module, with
// a tsconfig.json to check them with against the installed package.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sourceOf, type Notebook } from '../notebooks/notebook-file.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Writes the programs into a new folder and gives their names. */
export async function writePrograms(folder: string): Promise<string[]> {
  await mkdir(folder)
  await cp(join(root, 'notebooks', 'show.ts'), join(folder, 'show.ts'))
  const programs = new Map<string, string>()
  const page = await readFile(join(root, 'docs', 'library.md'), 'utf8')
  for (const [at, [, code]] of [...page.matchAll(/^```ts\n(.*?)^```$/gms)].entries()) {
    programs.set(`page-${at + 1}.ts`, code!)
  }
  for (const name of await readdir(join(root, 'notebooks'))) {
    if (!name.endsWith('.ipynb')) continue
    const text = await readFile(join(root, 'notebooks', name), 'utf8')
    programs.set(name.replace(/ipynb$/, 'ts'), codeOf(JSON.parse(text) as Notebook))
  }
  for (const [name, code] of programs) await writeFile(join(folder, name), code)
  await writeFile(join(folder, 'package.json'), '{"type": "module"}\n')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
  return [...programs.keys()]
}

/** The code cells of a notebook as one module; the kernel runs them in one scope, too. */
export function codeOf({ cells }: Notebook): string {
  const code = cells.filter(({ cell_type }) => cell_type === 'code').map(sourceOf)
  return `${code.join('\n;\n')}\nexport {}\n`
}

const tsconfig = {
  compilerOptions: {
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    target: 'ES2024',
    lib: ['ES2024', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  },
}
