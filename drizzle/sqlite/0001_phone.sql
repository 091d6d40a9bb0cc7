ALTER TABLE `user` ADD `phone_number` text;--> statement-breakpoint
ALTER TABLE `user` ADD `phone_country_code` text;--> statement-breakpoint
CREATE UNIQUE INDEX `user_app_id_phone_number` ON `user` (`app_id`,`phone_number`);