// Checks the content of the image: nothing that it does not need to run, and no secret of its
// build.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checklist } from './harness/checklist.ts'
import type { Container } from './harness/container.ts'

/** Checks files and settings; runs nothing of the image. */
export async function checkContents(list: Checklist, container: Container): Promise<void> {
  const { config, rootDir } = container
  const app = join(rootDir, config.WorkingDir)

  await list.check('the image runs as 10001:10001 and declares its ports', () => {
    assert.equal(config.User, '10001:10001')
    assert.deepEqual(Object.keys(config.ExposedPorts).sort(), ['8080/tcp', '9464/tcp'])
  })

  await list.check('/app belongs to root, /models to the user', () => {
    const owned = (path: string, ...rest: string[]) =>
      execFileSync('find', [path, ...rest], { encoding: 'utf8' }).trim()
    assert.equal(
      owned(app, '(', '!', '-user', '0', '-o', '-perm', '/022', ')', '!', '-type', 'l'),
      '',
    )
    assert.notEqual(owned(join(rootDir, 'models'), '-user', '10001', '-group', '10001'), '')
  })

  await list.check('it holds the packages of production only', () => {
    const lock = JSON.parse(
      readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
    ) as {
      packages: Record<string, { dev?: boolean }>
    }
    const installed = packagesIn(join(app, 'node_modules')).map((path) =>
      path.slice(app.length + 1),
    )
    assert.ok(installed.length > 20, `only ${installed.length} packages`)
    const wrong = installed.filter((path) => lock.packages[path]?.dev !== undefined)
    assert.deepEqual(wrong, [])
    assert.deepEqual(
      installed.filter((path) => lock.packages[path] === undefined),
      [],
    )
    return `${installed.length} packages`
  })

  await list.check('it holds no sources and no tests of Winnow', () => {
    const own = readdirSync(app, { recursive: true, encoding: 'utf8' }).filter(
      (path) => !path.includes('node_modules'),
    )
    assert.deepEqual(
      own.filter((path) => /(?<!\.d)\.ts$|\.test\.|^tests\b|\.md$/.test(path)),
      [],
    )
    assert.ok(own.includes('dist/cli.js'))
  })

  await list.check('it holds one library of ONNX Runtime, for this platform', () => {
    const found = filesNamed(app, 'onnxruntime_binding.node')
    assert.equal(found.length, 1)
    assert.match(found[0]!, new RegExp(`/linux/${process.arch}/`))
  })

  await list.check('it keeps no secret of the build', () => {
    for (const name of config.Env) assert.doesNotMatch(name, /TOKEN|PASSWORD|SECRET|_KEY|npm_/i)
    assert.deepEqual(readdirSync(join(rootDir, 'tmp')), [])
    for (const folder of ['run/secrets', 'root/.npm', 'root/.npmrc', 'app/.npmrc', 'build']) {
      assert.ok(!existsSync(join(rootDir, folder)), `/${folder} is there`)
    }
    for (const name of ['.npmrc', '.env', '*.pem', 'id_*']) {
      assert.deepEqual(filesNamed(app, name), [], name)
    }
  })
}

/** The folders of all packages below a node_modules folder. */
function packagesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => {
      const path = join(folder, name)
      if (name.startsWith('@')) return readdirSync(path).map((inner) => join(path, inner))
      return [path]
    })
    .flatMap((path) => [path, ...packagesIn(join(path, 'node_modules'))])
}

function filesNamed(dir: string, name: string): string[] {
  const text = execFileSync('find', [dir, '-name', name], { encoding: 'utf8' })
  return text.split('\n').filter((line) => line !== '')
}
