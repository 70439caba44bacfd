export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/demo/sample/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/demo/sample/'],
  // Ends a test that would hang, on a slow machine too: every wait for a condition ends before it and says what it waited for.
  testTimeout: 240_000,
};
