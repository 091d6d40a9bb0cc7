ALTER TABLE `user` ADD `phone_number` varchar(20) character set ascii collate ascii_bin;--> statement-breakpoint
ALTER TABLE `user` ADD `phone_country_code` varchar(4) character set ascii collate ascii_bin;--> statement-breakpoint
ALTER TABLE `user` ADD CONSTRAINT `user_app_id_phone_number` UNIQUE(`app_id`,`phone_number`);