// The key of an administrator in the systems of the tests.
export const ADMIN_KEY = 'test-admin-key-0123456789'
