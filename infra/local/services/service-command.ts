// The shape of a service's command line, shared by the services and the supervisor that runs them.

/** A program to run with its arguments, and the folder to run it in. */
export type ServiceCommand = { command: string; args: string[]; cwd?: string }
