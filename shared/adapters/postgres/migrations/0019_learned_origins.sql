-- What DingTalk's requests said of where they went may be forged, and was kept before.
UPDATE lanekeeper.chat_card SET origin = NULL WHERE platform = 'dingtalk' AND origin IS NOT NULL;

-- Where the API was last asked is looked up for each card that nobody asked for, also where no card ever knew.
CREATE INDEX chat_card_by_origin ON lanekeeper.chat_card (number) WHERE origin IS NOT NULL AND platform <> 'dingtalk';
