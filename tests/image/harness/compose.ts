// The Winnow services of docker-compose.yml as container commands, with the same words, variables,
// secrets and volumes. Only addresses and ports are replaced, because the services have no network
// of their own.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Environment } from '../../support/cli.ts'
import type { ImageConfig } from './buildah.ts'
import type { Command, Mount } from './container.ts'

type Service = {
  build?: object
  entrypoint?: string[]
  command?: string[]
  environment?: Record<string, string>
  volumes?: string[]
  secrets?: string[]
  healthcheck?: { test: string[] }
}

/** The folders used as volumes and secrets. */
export type Places = { models: string; import: string; secrets: string }

export class Compose {
  readonly #services: Readonly<Record<string, Service>>
  readonly #image: ImageConfig
  readonly #places: Places

  constructor(options: { image: ImageConfig; places: Places }) {
    const path = new URL('../../../docker-compose.yml', import.meta.url)
    const { services } = parse(readFileSync(path, 'utf8'), { merge: true }) as {
      services: Record<string, Service>
    }
    this.#services = services
    this.#image = options.image
    this.#places = options.places
  }

  /** The services that are built from Winnow's image, in the order of the file. */
  get names(): string[] {
    return Object.entries(this.#services)
      .filter(([, { build }]) => build !== undefined)
      .map(([name]) => name)
  }

  /**
   * The command of a service; `words` and `entrypoint` replace its own, as in `docker compose run`.
   */
  command(
    name: string,
    options: {
      env?: Environment
      words?: readonly string[] | undefined
      entrypoint?: readonly string[] | undefined
    } = {},
  ): Command {
    const service = this.#services[name]!
    const own = service.entrypoint === undefined ? this.#image.Cmd : []
    const entrypoint = options.entrypoint ?? service.entrypoint ?? this.#image.Entrypoint
    const words = options.words ?? service.command ?? own
    return {
      argv: [...entrypoint, ...words],
      env: { ...service.environment, ...options.env },
      mounts: [
        ...(service.volumes ?? []).map((volume) => this.#mount(volume)),
        ...(service.secrets ?? []).map((secret): Mount => {
          const from = `${this.#places.secrets}/${secret}`
          return { from, to: `/run/secrets/${secret}`, access: 'ro' }
        }),
      ],
    }
  }

  /** The health check of a service, at the port where it listens here. */
  healthCheck(name: string, port: number): Command {
    const [kind, ...argv] = this.#services[name]!.healthcheck!.test
    if (kind !== 'CMD') throw new Error(`${name}: the health check is not in exec form`)
    return { argv: argv.map((word) => word.replace(/(?<=127\.0\.0\.1:)\d+/, String(port))) }
  }

  #mount(volume: string): Mount {
    const [source, to, access = 'rw'] = volume
      .replace(/^\$\{MODEL_IMPORT:-[^}]*\}/, 'import')
      .split(':')
    if (access !== 'ro' && access !== 'rw') throw new Error(`${volume}: unknown access`)
    const from = { models: this.#places.models, import: this.#places.import }[source!]
    if (from === undefined) throw new Error(`${volume}: unknown volume`)
    return { from, to: to!, access }
  }
}
