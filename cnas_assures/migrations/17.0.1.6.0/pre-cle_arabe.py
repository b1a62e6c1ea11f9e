"""La clé du nom en arabe naît vide : la calculer de tous les assurés lirait toute la table, quand peu portent un nom arabe."""


def migrate(cr, version):
    if version:
        cr.execute("ALTER TABLE cnas_assure ADD COLUMN IF NOT EXISTS cle_arabe varchar")
