// The Apicurio schema registry for one machine. Owns its command line; schemas live in an H2 file,
// without which every stored event would become undecodable after a restart.
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

import type { ServiceCommand } from './service-command.ts'

/**
 * Tells how to start the registry. Measured on 2 cores shared with the two other services:
 * ready after 7 s, 150 MB resident when idle.
 *
 * @param server `program` is the folder of the registry's jars, `dir` holds the schemas and is
 * created where missing,
 *   `publicKey` verifies the tokens of its clients.
 */
export async function prepareRegistry(server: {
  program: string
  dir: string
  port: number
  publicKey: string
}): Promise<ServiceCommand> {
  await mkdir(server.dir, { recursive: true })
  return { command: 'java', args: registryArguments(server), cwd: server.program }
}

/**
 * The arguments of `java`; H2 writes at each commit, so a killed registry loses no schema. Every
 * route that reads or writes schemas wants a bearer token that the public key verifies.
 */
export function registryArguments(server: {
  program: string
  dir: string
  port: number
  publicKey: string
}): string[] {
  const database = `jdbc:h2:file:${join(server.dir, 'schemas')};WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE`
  return [
    '-Xms32m',
    '-Xmx192m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-XX:+ExitOnOutOfMemoryError',
    '-Dquarkus.http.host=127.0.0.1',
    `-Dquarkus.http.port=${server.port}`,
    '-Dregistry.auth.enabled=true',
    // The key is given, so there is no server of identities to ask for it.
    '-Dquarkus.oidc.auth-server-url=',
    '-Dquarkus.oidc.discovery-enabled=false',
    `-Dquarkus.oidc.public-key=${server.publicKey}`,
    // A refused request is the caller's to see, not a line of the log.
    '-Dquarkus.log.category."io.apicurio.common.apps.logging.audit".level=WARN',
    `-Dquarkus.datasource.jdbc.url=${database}`,
    // The defaults hold 20 connections open, for a store that is one file.
    '-Dquarkus.datasource.jdbc.initial-size=1',
    '-Dquarkus.datasource.jdbc.min-size=1',
    '-Dquarkus.datasource.jdbc.max-size=8',
    '-Dquarkus.log.level=WARN',
    '-Dquarkus.log.category."io.apicurio".level=WARN',
    '-Dquarkus.banner.enabled=false',
    '-cp',
    // The runner jar's manifest names the jars that it was built with. Those that pom.xml replaces
    // have other names, so that the rest of the folder has to be on the class path as well.
    [join(server.program, '*'), join(server.program, 'lib', '*')].join(delimiter),
    'io.quarkus.runner.GeneratedMain',
  ]
}
