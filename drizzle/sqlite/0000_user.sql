CREATE TABLE `user` (
	`id` text PRIMARY KEY NOT NULL,
	`app_id` text NOT NULL,
	`open_id` text NOT NULL,
	`union_id` text,
	`session_key` text NOT NULL,
	`nick_name` text,
	`avatar_url` text,
	`gender` integer,
	`country` text,
	`province` text,
	`city` text,
	`language` text,
	`phone_number` text,
	`phone_country_code` text,
	`role` text NOT NULL,
	`token_version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_login_at` integer NOT NULL,
	`disabled_at` integer
);
--> statement-breakpoint
CREATE INDEX `user_union_id` ON `user` (`union_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `user_app_id_open_id` ON `user` (`app_id`,`open_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `user_app_id_phone_number` ON `user` (`app_id`,`phone_number`);