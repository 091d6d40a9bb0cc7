import { expect, test } from 'vitest';
import { canariesIn, PHONE_MARK } from './support/canaries.ts';

test.each([
  ['JSON', `{"phone":"${PHONE_MARK}0000"}`],
  ['JSON, as E.164', `{"phone":"+86${PHONE_MARK}8888"}`],
  ['a URL', `phone=%2B86${PHONE_MARK}8888&a=1`],
  ['a sentence', `+852${PHONE_MARK}9 is used`],
  ['the end of a sentence', `the number ${PHONE_MARK}7001.`],
])('the search for secrets finds a phone number in %s', (_, text) => {
  expect(canariesIn(text)).toEqual(['a phone number']);
});

test.each([
  ['a duration', `{"durationMs":0.${PHONE_MARK}81}`],
  ['a request id', `{"requestId":"${PHONE_MARK}8-1d2c-4d3e-8f90-a${PHONE_MARK}1111"}`],
  ['a trace id', `{"traceId":"4bf92f3577b${PHONE_MARK}1234a3ce929d0e0e"}`],
])('digits of %s are not a phone number', (_, text) => {
  expect(canariesIn(text)).toEqual([]);
});
