import type { Pushes } from '../../webhooks/pushes.ts';
import { readBody } from '../body.ts';
import { textReply } from '../reply.ts';
import type { Route } from '../router.ts';

/** `/wechat/push/<AppID>`: GET checks the URL, POST delivers a push. */
export function wechatPushRoute(pushes: Pushes): Route {
  return async (request, { path, search }) => {
    const appId = path.slice(path.lastIndexOf('/') + 1);
    const query = new URLSearchParams(search);
    const body = await readBody(request);
    if (request.method !== 'GET' && request.method !== 'POST')
      return { status: 405, headers: { allow: 'GET, POST' } };
    if (body === 'TOO_LARGE') return { status: 413 };
    const { status, text } = await (request.method === 'GET'
      ? pushes.checkUrl(appId, query)
      : pushes.receive(appId, query, body));
    return textReply(status, text);
  };
}
