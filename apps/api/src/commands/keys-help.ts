// What `npm run keys -- --help` says.

export const KEYS_HELP = `Usage: npm run keys -- <command> [options]

  list                      every key, newest first; never the keys themselves
  create --name <name>      make a key; it is shown this once, alone on stdout
         [--role <role>]        exporter (default) or admin
         [--datasets a,b]       only these; default: all
         [--expires <when>]     90d, or 2027-01-31T00:00:00Z; default: never
  change <key>              with at least one of --name, --role, --datasets a,b (or all), --expires <when> (or never);
                            takes effect at once, also on exports that are under way
  rotate <key>              a new key for the same caller, shown this once
         [--overlap 1h]         so long the old one works on; default: it stops now
  revoke <key>              at once and for good

<key> is the id of a key, or its first characters as "list" shows them.

The database is the one in DATABASE_URL; where that is not set, the one that npm start keeps in DATA_DIR (.data).
For scripts: KEY=$(npm run --silent keys -- create --name reports)`
