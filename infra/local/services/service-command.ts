// The command line of a service, as a type shared by the services and the supervisor that runs
// them.

/** A program to run, its arguments, and the folder to run it in. */
export type ServiceCommand = { command: string; args: string[]; cwd?: string }
