// The version of the package, which its test holds to package.json.
export const VERSION = '0.1.0'
