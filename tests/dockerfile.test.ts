// Lints infra/Dockerfile and .dockerignore: the rules of common linters, and what Winnow's
// documentation promises. It needs no container engine; `npm run test:image` builds and runs the
// image.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DockerfileParser } from 'dockerfile-ast'
import type { JSONInstruction } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { onnxRuntimeVersion } from '../models/runtime/onnx-runtime.ts'
import { publishedNode } from './support/published-node.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('infra/Dockerfile', () => {
  const text = read('infra/Dockerfile')
  const dockerfile = DockerfileParser.parse(text)
  const instructions = dockerfile.getInstructions()
  const argumentsOf = (keyword: string) =>
    instructions
      .filter((instruction) => instruction.getKeyword() === keyword)
      .map((instruction) => instruction.getArgumentsContent() ?? '')
  const lastStageStart = Math.max(
    ...dockerfile.getFROMs().map((from) => from.getRange().start.line),
  )

  it('has no defect that the Dockerfile validator knows', () => {
    expect(validate(text)).toEqual([])
    expect(validate('FROM x\nRUNN ls\n')).not.toEqual([])
  })

  it('builds on one image, pinned by its digest, of the Node that the tests run on', () => {
    const images = new Set(dockerfile.getFROMs().map((from) => from.getImage()))
    expect([...images]).toEqual(['${NODE_IMAGE}'])
    const { version } = JSON.parse(read('scripts/node-runtime/package.json')) as { version: string }
    const defaults = argumentsOf('ARG').filter((line) => line.startsWith('NODE_IMAGE='))
    expect(defaults).toHaveLength(1)
    const [name, digest] = defaults[0]!.split('@')
    expect(name).toBe(`NODE_IMAGE=node:${version}-bookworm-slim`)
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  it('ends as a numeric user that is not root', () => {
    const users = instructions.filter(
      (instruction) =>
        instruction.getKeyword() === 'USER' && instruction.getRange().start.line > lastStageStart,
    )
    expect(users.at(-1)?.getArgumentsContent()).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  it('starts and probes in exec form', () => {
    for (const keyword of ['ENTRYPOINT', 'CMD']) {
      const found = instructions.filter((instruction) => instruction.getKeyword() === keyword)
      expect(found).toHaveLength(1)
      expect((found[0] as JSONInstruction).getOpeningBracket(), keyword).not.toBeNull()
    }
    expect(argumentsOf('HEALTHCHECK')).toHaveLength(1)
    expect(argumentsOf('HEALTHCHECK')[0]).toMatch(/CMD \["node", /)
  })

  it('downloads nothing but packages, pipes nothing into a shell, and keeps no secret', () => {
    expect(argumentsOf('ADD')).toEqual([])
    for (const run of argumentsOf('RUN')) {
      expect(run).not.toMatch(/curl|wget|\|\s*(ba)?sh\b|sudo|apt(-get)?\s/)
      if (/npm (ci|install)/.test(run)) expect(run).toMatch(/npm ci .*--ignore-scripts/)
    }
    // npm's settings may hold a token: they are mounted while npm runs, and are in no layer.
    const secret = '--mount=type=secret,id=npmrc,target=/root/.npmrc'
    expect(text.split(secret)).toHaveLength(text.split('npm ci ').length)
    for (const line of [...argumentsOf('ARG'), ...argumentsOf('ENV')]) {
      expect(line).not.toMatch(/PASSWORD|TOKEN|SECRET|_KEY/)
    }
  })

  it('installs production packages only into the final stage', () => {
    const copies = dockerfile
      .getCOPYs()
      .map((copy) => [copy.getFromFlag()?.getValue(), copy.getArgumentsContent()])
    const modules = copies.filter(([, paths]) => paths?.includes('node_modules'))
    expect(modules).toEqual([['production', '/build/node_modules node_modules']])
    const last = dockerfile.getCOPYs().filter((copy) => copy.getRange().start.line > lastStageStart)
    expect(last.map((copy) => copy.getFromFlag()?.getValue())).toEqual(['app'])
    expect(argumentsOf('RUN')[0]).toContain('npm ci --omit=dev')
  })

  it('copies what the package says that it consists of', () => {
    const { files } = JSON.parse(read('package.json')) as { files: string[] }
    const copied = argumentsOf('COPY').map((copy) => copy.split(' ').at(-1)!)
    const onlyForTheEmbeddedStack = 'infra/local/pom.xml'
    for (const file of files.filter((name) => name !== onlyForTheEmbeddedStack)) {
      expect(copied).toContain(file)
    }
  })

  it('sets only variables that the configuration accepts', () => {
    const env = Object.fromEntries(
      argumentsOf('ENV').flatMap((line) =>
        [...line.matchAll(/(\w+)=(\S+)/g)].map((match) => [match[1]!, match[2]!]),
      ),
    )
    expect(loadConfig({ env }).gateway.port).toBe(8080)
    expect(env['HEALTH_URL']).toBe('http://127.0.0.1:8080/livez')
  })

  it('starts Node as the published command does', () => {
    const { env, flag } = publishedNode()
    const [variable] = Object.entries(env).map((entry) => entry.join('='))
    expect(argumentsOf('ENV').join(' ')).toContain(variable)
    expect(argumentsOf('ENTRYPOINT')).toEqual([`["node", "${flag}", "bin/winnow.js"]`])
    expect(read('winnow')).toContain(`${variable} exec "$node" ${flag} "$root/cli.ts" "$@"`)
  })

  it('finds what it copies from the folder, past .dockerignore', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
      expect(existsSync(join(root, name)), name).toBe(true)
      expect(allowed).toContain(name)
    }
    const { include } = JSON.parse(read('tsconfig.json')) as { include: string[] }
    expect(include).toEqual(['**/*.ts'])
    const imported = ['cli.ts', 'commands', 'schemas', 'configs', 'models', 'infra', 'streams']
    for (const name of [...imported, 'trainers', 'gateway', 'bin', 'scripts']) {
      expect(allowed, name).toContain(name)
    }
    expect(allowed.some((name) => name.includes('.env'))).toBe(false)
  })
})

describe('infra/Dockerfile.gpu', () => {
  const [text, plain] = [read('infra/Dockerfile.gpu'), read('infra/Dockerfile')]
  const lineOf = (file: string, start: string) =>
    file.split('\n').filter((line) => line.startsWith(start))

  it('has no defect that the Dockerfile validator knows', () => {
    expect(validate(text)).toEqual([])
  })

  it('adds the provider of the runtime that Winnow is tested with', () => {
    expect(text).toContain(`--ignore-scripts onnxruntime-node@${onnxRuntimeVersion} `)
    expect(text).toContain('node_modules/onnxruntime-node/script/install.js')
  })

  it('starts like the image without a GPU', () => {
    for (const start of ['ARG NODE_IMAGE', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD', 'WORKDIR /app']) {
      expect(lineOf(text, start), start).toEqual([...new Set(lineOf(plain, start))])
    }
    const env = Object.fromEntries(
      [...text.matchAll(/(WINNOW_\w+)=(\S+)/g)]
        .filter(([, name]) => name !== 'WINNOW_IMAGE')
        .map((match) => [match[1]!, match[2]!]),
    )
    expect(loadConfig({ env }).inference.provider).toBe('cuda')
  })
})
