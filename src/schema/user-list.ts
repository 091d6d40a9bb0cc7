import { APP_ID } from '../common/identifiers.ts';
import { clientError } from '../errors/client-error.ts';
import type { UserFilter } from '../storage/user-types.ts';
import { auditAllowed } from './admin-audit.ts';
import { hasUnsafeCharacters, readUserId } from './arguments.ts';
import type { Builder } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { ADMIN_ERRORS, withErrors } from './descriptions.ts';
import { DEFAULT_PAGE, resolvePage } from './resolve-page.ts';

const MAX_SEARCH_CHARS = 64;
const E164 = /^\+[1-9]\d{3,14}$/;

/** The queries of admins. */
export function defineUserList(builder: Builder, { UserType, UserRole }: CoreTypes): void {
  const UserFilterInput = builder.inputType('UserFilter', {
    description: 'Conditions that a user must meet, all of them. An absent or null one is not checked.',
    fields: (t) => ({
      appId: t.string({ description: 'The AppID of the mini program.' }),
      role: t.field({ type: UserRole, description: 'The role of the user.' }),
      disabled: t.boolean({ description: 'true: disabled users only; false: enabled users only.' }),
      phoneNumber: t.string({ description: 'The phone number in E.164 format, exact.' }),
      search: t.string({
        description: `An exact id, openId or unionId, or the beginning of a nickName in any case (on MySQL also with other accents); at most ${MAX_SEARCH_CHARS} characters. A blank text is not checked.`,
      }),
    }),
  });

  builder.queryField('users', (t) =>
    t.connection(
      {
        type: UserType,
        description: withErrors(
          `The users of all mini programs, oldest first; ${DEFAULT_PAGE} per page unless \`first\` or \`last\` is given. Users created during forward paging appear at the end. For admins only.`,
          [...ADMIN_ERRORS, 'BAD_USER_INPUT'],
        ),
        nullable: true,
        args: { filter: t.arg({ type: UserFilterInput, description: 'Which users. Default: all.' }) },
        authScopes: { role: 'ADMIN' },
        resolve: async (_root, { filter: given, ...args }, context) => {
          const filter = readFilter(given ?? {});
          const connection = await resolvePage(args, async (range) => {
            await auditAllowed(context, { action: 'users' });
            return context.users.page({ ...range, filter });
          });
          let total: Promise<number> | undefined;
          return {
            ...connection,
            count: () => {
              total ??= context.users.count(filter);
              return total;
            },
          };
        },
      },
      {
        name: 'UserConnection',
        fields: (t) => ({
          totalCount: t.int({
            description: withErrors(
              'The number of users on all pages. Counted when queried: slow for millions of users.',
              ['SERVICE_UNAVAILABLE'],
            ),
            nullable: true,
            resolve: ({ count }) => count(),
          }),
        }),
      },
      { name: 'UserEdge' },
    ),
  );

  builder.queryField('user', (t) =>
    t.field({
      type: UserType,
      description: withErrors('The user with this id; null if there is none. For admins only.', [
        ...ADMIN_ERRORS,
        'BAD_USER_INPUT',
      ]),
      nullable: true,
      args: { id: t.arg.id({ required: true, description: 'The `id` of the user.' }) },
      authScopes: { role: 'ADMIN' },
      resolve: async (_root, { id }, context) => {
        await auditAllowed(context, { action: 'user', target: id });
        return context.users.byId(readUserId(id));
      },
    }),
  );
}

type Nullable<T> = { [Name in keyof T]?: T[Name] | null | undefined };

/** @throws BAD_USER_INPUT */
function readFilter({ appId, role, disabled, phoneNumber, search }: Nullable<UserFilter>): UserFilter {
  if (typeof phoneNumber === 'string' && !E164.test(phoneNumber))
    throw clientError('BAD_USER_INPUT', 'filter.phoneNumber is not in E.164 format: +8613800000000.');
  if (typeof appId === 'string' && !APP_ID.test(appId))
    throw clientError('BAD_USER_INPUT', 'filter.appId is not an AppID: wx, then letters and digits.');
  return {
    appId: appId ?? undefined,
    role: role ?? undefined,
    disabled: disabled ?? undefined,
    phoneNumber: phoneNumber ?? undefined,
    search: readSearch(search ?? ''),
  };
}

function readSearch(search: string): string | undefined {
  if (search.trim() === '') return undefined;
  if ([...search].length > MAX_SEARCH_CHARS || hasUnsafeCharacters(search))
    throw clientError(
      'BAD_USER_INPUT',
      `filter.search is too long or has control characters: at most ${MAX_SEARCH_CHARS} characters.`,
    );
  return search.trim();
}
