-- `user` is a word of SQL. The third column was never used.
alter table sessions rename column user to user_id;
alter table setup_links rename column user to user_id;
alter table users rename column removed_at to password_set_at;
