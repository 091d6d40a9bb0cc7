import { expect, test } from 'vitest';
import { canariesIn, PHONE_MARK } from './support/canaries.ts';

test.each([
  `{"phone":"${PHONE_MARK}0000"}`,
  `{"phone":"+86${PHONE_MARK}8888"}`,
  `phone=%2B86${PHONE_MARK}8888&a=1`,
  `+852${PHONE_MARK}9 is used`,
  `the number ${PHONE_MARK}7001.`,
])('the search for secrets finds the phone number in %s', (text) => {
  expect(canariesIn(text)).toEqual(['a phone number']);
});

test.each([
  `{"durationMs":0.${PHONE_MARK}81}`,
  `{"requestId":"${PHONE_MARK}8-1d2c-4d3e-8f90-a${PHONE_MARK}1111"}`,
  `{"traceId":"4bf92f3577b${PHONE_MARK}1234a3ce929d0e0e"}`,
])('digits that are part of %s are not a phone number', (text) => {
  expect(canariesIn(text)).toEqual([]);
});
