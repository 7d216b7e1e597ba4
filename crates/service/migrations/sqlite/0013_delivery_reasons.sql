-- Codes in the place of sentences: see model/delivery_reason.rs.
update deliveries set reason = case
    when reason like 'invalid JSON at line %' then 'invalid_json'
    when reason like 'JSON with more than % values' then 'too_many_values'
    when reason = 'the body is JSON but not an object' then 'not_an_object'
    when reason = 'the body is around another that cannot be read' then 'unreadable_envelope'
    when reason = 'a message larger or deeper than is looked at' then 'message_too_large'
    when reason = 'media without message id and instance' then 'anonymous_media'
    when reason = 'a body that its Content-Encoding does not decode' then 'undecodable_body'
    when reason = 'a Content-Encoding that is not known' then 'unknown_encoding'
    when reason = 'names another instance' then 'other_instance'
    else 'other' end
where reason is not null;
