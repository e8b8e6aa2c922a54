// SQL fragments that several modules need.
import { Prisma } from './client.ts'

/** A duration in milliseconds as a Postgres interval. */
export function interval(milliseconds: number): Prisma.Sql {
  return Prisma.sql`make_interval(secs => ${milliseconds / 1000}::float8)`
}
