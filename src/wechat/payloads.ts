import { z } from 'zod';
import { OPAQUE_ID } from '../common/identifiers.ts';
import { phoneInfo } from './phone-info.ts';

/** The fields of every response. `errcode` is a number, in one official sample a string; usually absent on success. */
export const statusPayload = z.object({
  errcode: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^-?\d{1,9}$/)
        .transform(Number),
    ])
    .optional(),
  errmsg: z.string().nullish(),
});

const opaqueId = z.string().regex(OPAQUE_ID);

export type WeChatSession = { openId: string; sessionKey: string; unionId?: string | undefined };

/** jscode2session and resetusersessionkey. An empty unionid is an absent one. */
export const sessionPayload = z
  .object({
    openid: opaqueId,
    session_key: z.string().regex(/^[A-Za-z0-9+/]{22}==$/),
    unionid: z.union([opaqueId, z.literal('')]).nullish(),
  })
  .transform(
    ({ openid, session_key, unionid }): WeChatSession => ({
      openId: openid,
      sessionKey: session_key,
      unionId: unionid || undefined,
    }),
  );

/** stable_token. */
export const accessTokenPayload = z
  .object({
    access_token: z.string().regex(/^[\w.-]{1,1024}$/),
    expires_in: z.coerce.number().int().min(1).max(86_400),
  })
  .transform(({ access_token, expires_in }) => ({ token: access_token, expiresInSeconds: expires_in }));

/** getuserphonenumber. */
export const phonePayload = z.object({ phone_info: phoneInfo }).transform(({ phone_info }) => phone_info);

/** The steps of a day, which is written as 2026-11-24. */
export type DailySteps = { date: string; steps: number };

const CHINA_UTC_OFFSET_S = 8 * 3600;

/** wx.getWeRunData: up to 31 days. `timestamp` is midnight in China (UTC+8), in seconds. */
export const runData = z
  .object({
    stepInfoList: z
      .array(z.object({ timestamp: z.int().min(0).max(99_999_999_999), step: z.int().min(0) }))
      .max(40),
  })
  .transform(({ stepInfoList }) =>
    stepInfoList.map(
      ({ timestamp, step }): DailySteps => ({
        date: new Date((timestamp + CHINA_UTC_OFFSET_S) * 1000).toISOString().slice(0, 10),
        steps: step,
      }),
    ),
  );

const groupId = z.string().regex(/^[\w-]{16,128}$/);

/** wx.getShareInfo and wx.getGroupEnterInfo: the id of the group chat, in one of two spellings. */
export const groupInfo = z.union([
  z.object({ openGId: groupId }).transform(({ openGId }) => ({ openGId })),
  z.object({ opengid: groupId }).transform(({ opengid }) => ({ openGId: opengid })),
]);
