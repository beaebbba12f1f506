"""The twin's shapes: ModelSerializers that answer what ours answer."""

from rest_framework import serializers

from apps.accounts.models import User
from apps.content.models import Post


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "display_name"]


class PostSummarySerializer(serializers.ModelSerializer):
    author = AuthorSerializer(read_only=True)
    cover = serializers.SerializerMethodField()

    class Meta:
        model = Post
        fields = [
            "id",
            "author",
            "title",
            "summary",
            "status",
            "visibility",
            "tags",
            "cover",
            "comment_count",
            "reaction_count",
            "rev",
            "created_at",
            "updated_at",
            "published_at",
        ]
        read_only_fields = ["id", "status", "published_at"]

    def get_cover(self, post: Post) -> None:
        return None


class PostSerializer(PostSummarySerializer):
    class Meta(PostSummarySerializer.Meta):
        fields = [*PostSummarySerializer.Meta.fields, "scheduled_for", "hidden_at", "body"]
