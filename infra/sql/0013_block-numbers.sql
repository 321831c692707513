-- Rows keep the number of the block in which they became visible when parts are merged. GET /v1/stream
-- follows results in this order.
ALTER TABLE classifications MODIFY SETTING enable_block_number_column = 1;
