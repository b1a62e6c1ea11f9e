"""Les paramètres de règle deviennent des lignes du magasin `cnas.parametre` : on les y porte, liens gardés."""


def migrate(cr, version):
    cr.execute("ALTER TABLE cnas_regle_parametre ADD COLUMN parametre_id integer")
    cr.execute("""
        INSERT INTO cnas_parametre (code, name, famille, valeur, type_valeur, source, minimum, date_debut, date_fin)
        SELECT r.code || '.' || p.code, jsonb_build_object('en_US', COALESCE(p.description, p.code)), 'regles', p.valeur,
               CASE WHEN p.valeur ~ '^[0-9]+$' THEN 'entier' WHEN p.valeur IN ('oui', 'non') THEN 'booleen'
                    ELSE 'texte' END,
               COALESCE(r.source, 'livré'), 0, p.date_debut, p.date_fin
          FROM cnas_regle_parametre p JOIN cnas_regle_controle r ON r.id = p.regle_id""")
    cr.execute("""
        UPDATE cnas_regle_parametre p SET parametre_id = m.id
          FROM cnas_regle_controle r, cnas_parametre m
         WHERE r.id = p.regle_id AND m.code = r.code || '.' || p.code AND m.date_debut = p.date_debut""")
    cr.execute("""
        ALTER TABLE cnas_regle_parametre DROP COLUMN valeur, DROP COLUMN description,
              DROP COLUMN date_debut CASCADE, DROP COLUMN date_fin CASCADE""")
