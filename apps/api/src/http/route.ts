// Declares routes: access, documentation, schemas of requests and responses, and the handler.
import type { ResponseHeader } from '@waybill/shared/contract/headers.ts'
import type { ErrorCode } from '@waybill/shared/vocabulary/errors.ts'
import type { Request, Response } from 'express'
import type { z } from 'zod'

export type Method = 'get' | 'post' | 'patch' | 'delete'

/**
 * `public` needs no token, `caller` a valid token, `admin` the token of an administrator. `optional` needs none, but a
 * token that is sent must be valid: the route itself authenticates.
 */
export type Access = 'public' | 'optional' | 'caller' | 'admin'

/** The groups of the OpenAPI document, in this order. */
export const TAGS = {
  Exports: 'Create exports, follow their status and download their files.',
  Datasets: 'The datasets that can be exported: columns, filters and formats.',
  Webhooks: 'Notifications when exports end: endpoints, secrets and deliveries.',
  Audit: 'The audit trail: who requested, downloaded or changed what, and when.',
  Access: 'Authentication: API keys and the identity behind a token.',
  System: 'Health checks, metrics and the API document.',
} as const
type Tag = keyof typeof TAGS

/** The response headers, and whether each response has them. */
export type HeaderPresence = Readonly<Partial<Record<ResponseHeader, 'always' | 'sometimes'>>>

/** One response that is not an error. */
export interface ResponseDeclaration {
  readonly description: string
  /** Absent when the response has no body. The type of the handler is derived from it. */
  readonly body?: z.ZodType
  /** An example of the body; default: generated from the examples of its schema. */
  readonly example?: unknown
  /** Default: `application/json`. */
  readonly contentType?: string
  /** Other media types of the same response, each with an example. */
  readonly alternatives?: Readonly<Record<string, string>>
  readonly headers?: HeaderPresence
}

export type Responses = Readonly<Partial<Record<200 | 201 | 202 | 204 | 303 | 304 | 503, ResponseDeclaration>>>
export type HeaderSchemas = Readonly<Record<string, z.ZodType>>

/** A declared route, without the types of its own schemas. */
export interface Route {
  readonly method: Method
  /** In the syntax of Express: `/v1/exports/:id`. */
  readonly path: string
  readonly access: Access
  /** The name of the method in generated clients. It must never change. */
  readonly operationId: string
  readonly tag: Tag
  /** What it does, in one line. */
  readonly summary: string
  readonly description?: string
  /** One schema for each name in the path. A value that does not match is a 404. */
  readonly params?: Readonly<Record<string, z.ZodType<string>>>
  /** The request headers that the route reads. */
  readonly headers?: HeaderSchemas
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Documented instead of `body` where the schema depends on the datasets of this deployment. */
  readonly documentedBody?: z.ZodType
  readonly responses: Responses
  /** Its own error codes. {@link problemsOf} adds those that follow from access, parameters, query and body. */
  readonly problems: readonly ErrorCode[]
  handle(request: Request, response: Response, input: Input): void | Promise<void>
}

/** The checked parts of a request. */
export interface Input {
  readonly params: Readonly<Record<string, string>>
  readonly headers: unknown
  readonly query: unknown
  readonly body: unknown
}

/** `'/v1/exports/:id/events'` → `'id'` */
type ParamNames<P extends string> = P extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer Tail}`
    ? Name | ParamNames<Tail>
    : Rest
  : never

type Params<P extends string> = [ParamNames<P>] extends [never]
  ? { readonly params?: never }
  : { readonly params: Readonly<Record<ParamNames<P>, z.ZodType<string>>> }

/** The bodies of all responses: the handler may send any of them. */
type Bodies<R extends Responses> = {
  [S in keyof R]: R[S] extends { readonly body: infer B extends z.ZodType } ? z.input<B> : undefined
}[keyof R]

type Declaration<
  P extends string,
  R extends Responses,
  H extends HeaderSchemas,
  Q extends z.ZodType,
  B extends z.ZodType,
> = Omit<Route, 'path' | 'params' | 'headers' | 'query' | 'body' | 'responses' | 'handle'> &
  Params<P> & {
    readonly path: P
    readonly headers?: H
    readonly query?: Q
    readonly body?: B
    readonly responses: R
    handle(
      request: Request<Record<string, never>, unknown, unknown, Record<string, never>>,
      response: Response<Bodies<R>>,
      input: {
        readonly params: Readonly<Record<ParamNames<P>, string>>
        readonly headers: { readonly [Name in keyof H]: z.output<H[Name]> }
        readonly query: z.output<Q>
        readonly body: z.output<B>
      },
    ): void | Promise<void>
  }

/** Declares a route. The types let a handler read only declared input and send only declared bodies. */
export function defineRoute<
  const P extends string,
  const R extends Responses,
  // biome-ignore lint/complexity/noBannedTypes: means no headers; Record<string, never> would mean any header.
  H extends HeaderSchemas = {},
  Q extends z.ZodType = z.ZodNever,
  B extends z.ZodType = z.ZodNever,
>(route: Declaration<P, R, H, Q, B>): Route {
  return route as Route
}

/** All error codes that the route may respond with. */
export function problemsOf({ access, params, query, body, problems }: Route): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>(problems)
  const add = (when: boolean, ...more: ErrorCode[]) => {
    if (when) for (const code of more) codes.add(code)
  }
  add(true, 'RATE_LIMITED')
  // FORBIDDEN also for `caller`: a token of the identity provider may have neither role.
  add(access !== 'public', 'UNAUTHENTICATED', 'FORBIDDEN')
  add(access !== 'public', 'DATABASE_UNAVAILABLE', 'IDENTITY_PROVIDER_UNAVAILABLE')
  add(params !== undefined, 'NOT_FOUND')
  add(body !== undefined, 'BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  add(query !== undefined || body !== undefined, 'VALIDATION_FAILED')
  return [...codes, 'INTERNAL']
}
