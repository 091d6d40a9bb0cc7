import { clientError } from '../errors/client-error.ts';
import type { Profile } from '../storage/user-types.ts';
import { isPlaceholder } from '../wechat/placeholders.ts';
import type { Builder } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { SIGNED_IN_ERRORS, withErrors } from './descriptions.ts';
import { deletedError, requireViewer } from './guards.ts';
import {
  type FieldFault,
  findGenderFault,
  findTextFault,
  findUrlFault,
  MAX_TEXT_CHARS,
  MAX_URL_CHARS,
  type ProfileFields,
  withoutUndefined,
} from './profile-fields.ts';
import { defineUserPayload } from './user-payload.ts';

const TEXT_LIMIT = `At most ${MAX_TEXT_CHARS} characters.`;
const GENDERS = '0 (unknown), 1 (male) or 2 (female).';

export function defineProfile(builder: Builder, { UserType }: CoreTypes): void {
  const ProfileInput = builder.inputType('ProfileInput', {
    description:
      'A change of the profile: an absent or empty field is left unchanged, null erases. Invalid values are rejected.',
    fields: (t) => ({
      nickName: t.string({ description: TEXT_LIMIT }),
      avatarUrl: t.string({
        description: `An https URL of at most ${MAX_URL_CHARS} characters. chooseAvatar returns a temporary file on the phone: upload it first.`,
      }),
      gender: t.int({ description: GENDERS }),
      country: t.string({ description: TEXT_LIMIT }),
      province: t.string({ description: TEXT_LIMIT }),
      city: t.string({ description: TEXT_LIMIT }),
      language: t.string({ description: TEXT_LIMIT }),
    }),
  });

  const UpdateProfilePayload = defineUserPayload(
    builder,
    UserType,
    'UpdateProfilePayload',
    'The user with the new profile.',
  );

  builder.mutationField('updateProfile', (t) =>
    t.field({
      type: UpdateProfilePayload,
      description: withErrors("Changes the viewer's profile.", [...SIGNED_IN_ERRORS, 'BAD_USER_INPUT']),
      args: {
        profile: t.arg({
          type: ProfileInput,
          required: true,
          description: 'The new values of the fields that change.',
        }),
      },
      authScopes: { signedIn: true },
      resolve: async (_root, { profile }, context) => {
        const { id } = await requireViewer(context);
        const user = await context.users.updateProfile(id, readProfile(profile));
        if (!user) throw deletedError();
        return { user };
      },
    }),
  );
}

/**
 * The fields to change. Placeholders count as absent.
 * @throws BAD_USER_INPUT naming the field
 */
function readProfile({ nickName, avatarUrl, gender, ...region }: ProfileFields): Profile {
  const { country, province, city, language } = region;
  return withoutUndefined({
    nickName: nickName && isPlaceholder('nickName', nickName) ? undefined : readText('nickName', nickName),
    avatarUrl:
      avatarUrl && isPlaceholder('avatarUrl', avatarUrl)
        ? undefined
        : readText('avatarUrl', avatarUrl, findUrlFault),
    gender: readGender(gender),
    country: readText('country', country),
    province: readText('province', province),
    city: readText('city', city),
    language: readText('language', language),
  });
}

/** Undefined if absent or blank, null if null. */
function readText(
  field: keyof Profile,
  value: string | null | undefined,
  findFault: (text: string) => FieldFault | null = findTextFault,
): string | null | undefined {
  if (value === null || value === undefined) return value;
  if (value.trim() === '' && findTextFault(value) === null) return undefined;
  const fault = findFault(value);
  if (fault) throw faultError(field, fault, value);
  return value;
}

function readGender(gender: number | null | undefined): number | null | undefined {
  if (gender === null || gender === undefined) return gender;
  const fault = findGenderFault(gender);
  if (fault) throw faultError('gender', fault, gender);
  return gender;
}

function faultError(field: keyof Profile, fault: FieldFault, value: string | number) {
  const limit = field === 'avatarUrl' ? MAX_URL_CHARS : MAX_TEXT_CHARS;
  const messages: Record<FieldFault, string> = {
    TOO_LONG: `is too long: at most ${limit} characters.`,
    UNSAFE_CHARACTERS: 'has control characters or half of a surrogate pair: remove them.',
    TEMPORARY_FILE: 'is a temporary file on the phone: upload it and send the https URL of the upload.',
    NOT_HTTPS: 'is not an https URL.',
    UNKNOWN_GENDER: `is ${value}: it must be ${GENDERS}`,
  };
  return clientError('BAD_USER_INPUT', `profile.${field} ${messages[fault]}`);
}
