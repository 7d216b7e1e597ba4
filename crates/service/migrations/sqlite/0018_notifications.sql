-- Notifications in the order in which they were made: tests belong to no event.
drop index notifications_by_endpoint;
create index notifications_by_endpoint on notifications (endpoint, created_at, id);
